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
    When oned monitors the <datastore> datastore
    Then it tells 64 GiB in all, and 64 GiB free

    Examples:
      | away                     | datastore |
      | offline                  | image     |
      | offline                  | system    |
      | being evacuated          | image     |
      | no target for placement  | system    |

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
    And no space is told

  Scenario Outline: A resource group that is not there is an error
    Given the datastores name the resource group "typo"
    When oned monitors the <datastore> datastore
    Then the order fails and says "no resource group 'typo'"
    And no space is told

    Examples:
      | datastore |
      | image     |
      | system    |

  Scenario Outline: A controller that is away is an error
    Given the LINSTOR controller is down
    When oned monitors the <datastore> datastore
    Then the order fails and says "no LINSTOR controller answers"
    And no space is told

    Examples:
      | datastore |
      | image     |
      | system    |

  Scenario: A pool that two hosts share counts once
    Given LINSTOR is older than 1.21
    And alpha and beta share their pool
    When oned monitors the system datastore
    Then it tells 64 GiB in all, and 64 GiB free
