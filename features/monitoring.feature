Feature: oned hears the sizes of VM disks
  They come with the space of a system datastore, and whatever happens to them, the space is told.

  Background:
    Given the hosts alpha, beta, gamma and delta, and two replicas for each volume
    And a thin pool of 64 GiB on each host

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
