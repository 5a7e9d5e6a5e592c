NAME = "odd"
