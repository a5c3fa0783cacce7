"""sslutil: TLS for a mail web server, made right, kept right and proved."""

__version__ = "1.0.0"
