"""Tasks as people handle them: taken in, shown, changed, decided on, and looked at before they are due."""
