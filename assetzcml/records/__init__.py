"""What is declared, as values. A record knows no disk, no request and no XML."""
