Feature: A dead host and a failed order do not keep a VM from ending, or from going on
  What cannot be done on a host that is down is written on the volume, and done by the next order about it.

  Background:
    Given the hosts alpha, beta, gamma and delta, and two replicas for each volume
    And there is an image "os"
    And there is a persistent image "db"

  Scenario: A VM ends although its host is dead, and its image can be used elsewhere
    Given a VM with the images "db" and "os" runs on alpha, on our own system datastore
    When the host alpha dies
    And the VM is terminated
    Then the image "db" still has its data
    And LINSTOR knows what is owed on alpha for the image "db"
    When alpha is back
    And a second VM with the image "db" runs on beta
    Then the image "db" has what the first VM wrote
    And nothing is owed for the image "db" any more
    And alpha has no link to the image "db"
    And there is no copy of the image "os"

  Scenario: A VM is undeployed although its host is dead
    Given a VM with the images "db" and "os" runs on alpha, on our own system datastore
    When the host alpha dies
    And the VM is undeployed
    Then the order has succeeded
    And LINSTOR knows what is owed on alpha for the image "db"
    When the VM is resumed on beta
    Then every write the guest was told is safe can be read there

  Scenario Outline: recover --delete destroys what is the VM's own, and nothing else
    Given a VM with the images "db" and "os" runs on alpha, on <system> system datastore
    When the VM is deleted by force
    Then the image "db" still has its data
    And the image "os" still has its data
    And nothing of the VM is left
    When the VM is deleted by force
    Then the image "db" still has its data

    Examples:
      | system   |
      | our own  |
      | an ssh   |

  Scenario: recover --delete works although the host is dead
    Given a VM with the images "db" and "os" runs on alpha, on our own system datastore
    When the host alpha dies
    And the VM is deleted by force
    Then the image "db" still has its data
    And LINSTOR knows what is owed on alpha for the image "db"
    When alpha is back
    Then there is no copy of the image "os"

  Scenario: recover --recreate makes copies anew, and keeps what is persistent
    Given a VM with the images "db" and "os" runs on alpha, on our own system datastore
    When the VM is recreated on beta
    Then the copy of the image "os" is as the image
    And the image "db" has what the first VM wrote

  Scenario: recover --retry of a deployment goes on
    Given alpha cannot be reached by ssh
    When a VM with the images "db" and "os" is deployed on alpha
    Then the order fails and names the host alpha
    When alpha is back
    And a VM with the images "db" and "os" is deployed on alpha
    Then the order has succeeded
    And there is one copy of the image "os"
    And the VM's disk shows the data of the image "db"
