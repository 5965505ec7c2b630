"""`onelinstor sandbox replay`: recorded calls of an oned, played through the real executables in a sandbox."""
