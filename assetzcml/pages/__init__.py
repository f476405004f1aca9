"""Routes and views: a request to what answers it. Imports no other arm: static views are an application it is given."""
