"""The black box: what an order did and waited for, in a file that can be read, sent and played again."""
