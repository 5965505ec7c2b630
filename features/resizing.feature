Feature: Disks grow, and never shrink
  oned tells the guest right after the driver has said that it is done, so the host must see the new size by then.

  Background:
    Given the hosts alpha, beta, gamma and delta, and two replicas for each volume
    And there is an image "os"
    And a VM with the image "os" runs on alpha, on our own system datastore

  Scenario: The disk of a running VM grows under it
    When the disk is resized to 64 MiB
    Then the VM's host sees at least 64 MiB
    And every write the guest was told is safe can be read there
    And what was added reads as zeros, and the guest can write to it

  Scenario: A host that does not see the new size is an error
    Given alpha does not show the new size of its devices
    When the disk is resized to 64 MiB
    Then the order fails and names the host alpha

  Scenario Outline: The disk of a VM that does not run grows, too
    When the VM is <ended>
    And the disk is resized to 64 MiB
    Then the volume has at least 64 MiB

    Examples:
      | ended        |
      | powered off  |
      | undeployed   |

  Scenario Outline: A size that is there already is success, and a smaller one changes nothing
    Given the disk was resized to 64 MiB
    When the disk is resized to <size> MiB
    Then the order has succeeded
    And LINSTOR and the hosts are as before

    Examples:
      | size  |
      | 64    |
      | 16    |

  Scenario: A replica that is cut off cannot grow with the others
    Given the data network of a host with a replica is cut, and LINSTOR sees it online
    When the disk is resized to 64 MiB
    Then the order fails and says "not all of its replicas are connected and up to date"
    And LINSTOR and the hosts are as before

  Scenario: A growth that broke on a host is driven on by the next one
    Given the volume cannot be extended on a host with a replica
    When the disk is resized to 64 MiB
    Then the order fails and names the disk
    When that host is well again
    And the disk is resized to 64 MiB
    Then the order has succeeded
    And the VM's host sees at least 64 MiB
    And the growth of no replica is pending
