Feature: A disk becomes a new image, completely or not at all
  `onevm disk-saveas` works on VMs that run and on those that do not, and on snapshots of their disks.

  Background:
    Given the hosts alpha, beta, gamma and delta, and two replicas for each volume
    And there is an image "os"
    And a VM with the image "os" runs on alpha, on our own system datastore

  Scenario: The disk of a running VM is saved at one moment
    When the disk is saved as a new image
    Then the guest stood still in that moment, and goes on now
    And the new image has what the disk had, and two replicas

  Scenario Outline: The disk of a VM that does not run is saved
    When the VM is <ended>
    And the disk is saved as a new image
    Then the new image has what the disk had, and two replicas

    Examples:
      | ended        |
      | powered off  |
      | undeployed   |

  Scenario: A chosen snapshot is saved
    Given the disk has snapshot 0, and the guest has written since
    When snapshot 0 of the disk is saved as a new image
    Then the new image has what snapshot 0 holds, and two replicas
    And every write the guest was told is safe can be read there

  Scenario: A copy that breaks on a host is made once more
    Given the next copy breaks on a host with a replica
    When the disk is saved as a new image
    Then the new image has what the disk had, and two replicas
    And LINSTOR was asked for two copies

  Scenario: A copy that breaks again and again is no image
    Given every copy breaks on a host with a replica
    When the disk is saved as a new image
    Then the order fails and names the new image
    And there is no new image
    And every write the guest was told is safe can be read there

  Scenario: The same call again is the copy of the first
    When the disk is saved as a new image
    And the guest writes, and the same call comes again
    Then the new image has what the disk had, and two replicas
    And it is the copy of the first call

  Scenario: A snapshot that is not there is no image
    When snapshot 3 of the disk is saved as a new image
    Then the order fails and says "has no such snapshot"
    And there is no new image
