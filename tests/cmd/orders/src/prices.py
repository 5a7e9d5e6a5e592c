PRICES = {"tea": 3, "cake": 5}
