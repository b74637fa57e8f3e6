"""One module for each family of annotation formats; `imgcheck.annotate.exchange` chooses."""
