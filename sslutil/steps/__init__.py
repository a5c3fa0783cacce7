"""What several verbs share: look, decide, compose, deploy, finish."""
