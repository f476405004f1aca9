"""Files for other servers: variants, made beforehand."""
