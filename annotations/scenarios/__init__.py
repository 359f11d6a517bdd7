"""Which kind of request a query is: classes, their groups, and a suggestion that people override."""
