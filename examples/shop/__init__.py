"""An application that publishes its static assets so that another package can replace any of them."""
