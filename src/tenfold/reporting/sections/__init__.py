"""The sections of a report, one a file: what it says, its charts and the tables behind them."""
