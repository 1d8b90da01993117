"""The formula language: text to tokens, tokens to postfix, postfix to a program."""
