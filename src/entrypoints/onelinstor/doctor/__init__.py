"""`onelinstor doctor`: looks at everything the driver stands on and changes nothing.

Facts are gathered through the ports of `reading` and judged by the checks of `front_end`, `oned_conf`, `datastores`,
`linstor`, `groups` and `hosts`, which are pure.
"""
