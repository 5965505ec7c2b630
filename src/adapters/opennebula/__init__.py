"""OpenNebula: oned, hosts reached by ssh, OpenNebula's own scripts."""
