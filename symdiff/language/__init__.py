"""The formula language: from text to tokens, from tokens to postfix, and from postfix to a program."""
