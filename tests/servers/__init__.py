"""Every server that sslutil exports for, run for real with what was exported."""
