Feature: A VM that does not run moves without its disks
  The volumes stay in the cluster. The links appear at the new place, and only files of the VM directory travel.

  Background:
    Given the hosts alpha, beta, gamma and delta, and two replicas for each volume
    And there is an image "os", with replicas on alpha and beta

  Scenario Outline: A VM that is stopped or undeployed comes back with all it had
    Given a VM with the image "os" runs on gamma, on <system> system datastore
    When the VM is <ended>
    Then no host uses the disk
    When the VM is resumed on <host>
    Then the VM is on <host> with its memory
    And every write the guest was told is safe can be read there
    And no disk data was moved
    And nothing of the VM is anywhere else

    Examples:
      | system     | ended       | host   |
      | our own    | stopped     | delta  |
      | our own    | undeployed  | gamma  |
      | an ssh     | stopped     | gamma  |
      | an ssh     | undeployed  | beta   |
      | a shared   | stopped     | delta  |

  Scenario: What was stopped can be terminated
    Given a VM with the image "os" runs on gamma, on our own system datastore
    When the VM is stopped
    And the VM is terminated
    Then nothing of the VM is left

  Scenario Outline: A VM that was saved or powered off moves to another host
    Given a VM with the image "os" runs on gamma, on <system> system datastore
    When the VM is <ended> and migrated to delta
    Then the VM is on delta with its memory
    And every write the guest was told is safe can be read there
    And no disk data was moved
    And nothing of the VM is anywhere else

    Examples:
      | system     | ended        |
      | our own    | saved        |
      | an ssh     | powered off  |
      | a shared   | saved        |

  Scenario Outline: A VM moves to another system datastore
    Given a VM with the image "os" runs on gamma, on <system> system datastore
    When the VM is saved and migrated to <host>, on <new> system datastore
    Then the VM is on <host> with its memory
    And every write the guest was told is safe can be read there
    And no disk data was moved
    And nothing of the VM is anywhere else

    Examples:
      | system   | new                | host  |
      | our own  | another of our own | gamma |
      | our own  | an ssh             | delta |
      | an ssh   | our own            | gamma |
      | a shared | our own            | beta  |
      | our own  | a shared           | gamma |

  # defect 2
  Scenario: A directory that both hosts see stays where it is
    Given our own system datastore lies on a shared file system
    And a VM with the image "os" runs on gamma, on our own system datastore
    When the VM is saved and migrated to beta
    Then the VM is on beta with its memory
    And every write the guest was told is safe can be read there
    And no disk data was moved

  Scenario: A migration that is ordered again does no harm
    Given a VM with the image "os" runs on alpha, on our own system datastore
    When the VM is saved and migrated to beta
    And the same orders are given again
    Then the VM is on beta with its memory
    And every write the guest was told is safe can be read there

  Scenario: A memory that does not arrive whole is not given up
    Given a VM with the image "os" runs on alpha, on our own system datastore
    And files that arrive on beta are damaged
    When the VM is saved and migrated to beta
    Then the order fails and names the host beta
    And the memory of the VM is still on alpha
    When beta is well again
    And the same orders are given again
    Then the VM is on beta with its memory

  Scenario: A VM whose host is dead goes on elsewhere, and what is owed is settled later
    Given a VM with the image "os" runs on alpha, on our own system datastore
    When the host alpha dies
    And the VM is UNKNOWN and migrated to beta
    Then the VM boots on beta
    And every write the guest was told is safe can be read there
    And LINSTOR knows what is owed on alpha
    When alpha is back
    And the VM is powered off and migrated to gamma
    Then nothing is owed any more
    And alpha has no link to the disk

  Scenario: The memory of a VM is not given up with its host
    Given a VM with the image "os" runs on alpha, on our own system datastore
    When the VM is suspended
    And the host alpha dies
    And the VM that is suspended is migrated to beta
    Then the order fails and names the host alpha
    When alpha is back
    And the same orders are given again
    Then the VM is on beta with its memory
    And every write the guest was told is safe can be read there

  # defects 5 and 6
  Scenario Outline: A disk that the addon 3.x left as a file on the front-end comes back
    Given a VM with the image "os" runs on alpha, on <system> system datastore
    And the VM was undeployed, and the addon 3.x left its disk as a file on the front-end
    When the VM is resumed on beta
    Then the VM is on beta with its memory
    And every write the guest was told is safe can be read there
    And the VM's disk shows the data of the image "os"
    And nothing of the VM is anywhere else

    Examples:
      | system   |
      | our own  |
      | an ssh   |

  # defect 56
  Scenario Outline: Context volumes of the addon 2.x end with their VM, and no other does
    Given a VM with the image "os" runs on alpha, on our own system datastore
    And there are context volumes of the addon 2.x for disk 1 and disk 10 of the VM
    When the VM is <ended>
    Then the context volume for disk 1 is <then>
    And the context volume for disk 10 is still there

    Examples:
      | ended       | then         |
      | terminated  | gone         |
      | undeployed  | gone         |
      | stopped     | still there  |

  Scenario: A datastore may want the data near the VM
    Given the image datastore says LINSTOR_PREFER_LOCAL
    And a VM with the image "os" runs on alpha, on our own system datastore
    When the VM is powered off and migrated to a host that holds no replica
    Then the VM boots there
    And that host holds a replica
    And every write the guest was told is safe can be read there
