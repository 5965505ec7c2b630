Feature: A datastore tells the space that is really there
  The scheduler places VMs by it. A datastore that tells zero is taken for full, so what is not known is an error.

  Background:
    Given the hosts alpha, beta, gamma and delta, and two replicas for each volume
    And a thin pool of 64 GiB on each host

  Scenario Outline: Space is what volumes with all their replicas can take
    When oned monitors the <datastore> datastore
    Then it tells 128 GiB in all, and 128 GiB free

    Examples:
      | datastore |
      | image     |
      | system    |

  Scenario Outline: A host that takes no new volumes has no space
    Given delta is <away>
    When oned monitors the image datastore
    Then it tells 64 GiB in all, and 64 GiB free

    Examples:
      | away                     |
      | offline                  |
      | being evacuated          |
      | no target for placement  |

  Scenario: A server that cannot tell the space is asked for its pools
    Given LINSTOR is older than 1.21
    And delta is offline
    When oned monitors the image datastore
    Then it tells 64 GiB in all, and 64 GiB free

  Scenario: Used and free are what the pools say, and add up
    Given every pool has 16 GiB left
    When oned monitors the image datastore
    Then it tells 128 GiB in all, and 32 GiB free

  Scenario: Too few hosts are an error
    Given only alpha is online
    When oned monitors the image datastore
    Then the order fails and says "no set of nodes can hold the group's replicas"

  Scenario: An unknown resource group is an error
    Given the datastore names the resource group "typo"
    When oned monitors the image datastore
    Then the order fails and says "no resource group 'typo'"

  Scenario: A controller that is away is an error
    Given the LINSTOR controller is down
    When oned monitors the image datastore
    Then the order fails and says "no LINSTOR controller answers"

  Scenario: The sizes of VM disks go to monitord when oned asks for them
    Given the image "os" with data in it
    And a VM with the image "os" runs on a host that holds no replica of it
    When oned monitors the system datastore and asks for the disks of VMs
    Then the space is told
    And monitord hears that disk 0 of the VM takes 1 MiB, and of no other disk

  Scenario: The sizes of VM disks are told only when oned asks for them
    Given the image "os" with data in it
    And a VM with the image "os" runs on a host that holds no replica of it
    When oned monitors the system datastore
    Then the space is told
    And nobody hears of disks

  Scenario: Before OpenNebula 5.12 the sizes are part of the answer
    Given OpenNebula is 5.10.5
    And the image "os" with data in it
    And a VM with the image "os" runs on a host that holds no replica of it
    When oned monitors the system datastore and asks for the disks of VMs
    Then the space is told
    And the answer says that disk 0 of the VM takes 1 MiB

  Scenario Outline: Before OpenNebula 5.10 oned does not ask for the sizes and gets them with every system datastore
    Given OpenNebula is 5.8.5
    And the image "os" with data in it
    And a VM with the image "os" runs on a host that holds no replica of it
    When oned monitors the <datastore> datastore
    Then the space is told
    And <sizes>

    Examples:
      | datastore | sizes                                              |
      | system    | the answer says that disk 0 of the VM takes 1 MiB  |
      | image     | nobody hears of disks                              |

  Scenario: A disk whose replicas are all away has no size
    Given the image "os" with data in it
    And a VM with the image "os" runs on a host that holds no replica of it
    And the hosts that hold replicas of its disk are offline
    When oned monitors the system datastore and asks for the disks of VMs
    Then nobody hears of disks

  Scenario Outline: The space is told, whatever happens to the sizes
    Given the image "os" with data in it
    And a VM with the image "os" runs on a host that holds no replica of it
    And <trouble>
    When oned monitors the system datastore and asks for the disks of VMs
    Then the space is told
    And oned's log has a warning that says "<words>"
    And nobody hears of disks

    Examples:
      | trouble                             | words                    |
      | oned does not give its list of VMs  | database is locked       |
      | monitord cannot be told             | send_to_monitor failed   |
