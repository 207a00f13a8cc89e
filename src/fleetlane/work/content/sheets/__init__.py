"""Sheets of accounts: workbooks and CSV files, read cell by cell with nothing guessed, and written."""
