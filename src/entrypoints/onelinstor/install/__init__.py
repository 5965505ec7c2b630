"""`onelinstor install` and `uninstall`: the driver in the trees of a front-end, and everything back as it was."""
