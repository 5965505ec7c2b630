Feature: A datastore says how LINSTOR is reached, and where volumes go
  What it says wrongly is told in one sentence, and what it says in secret is told to nobody.

  Background:
    Given the hosts alpha, beta, gamma and delta, and two replicas for each volume

  Scenario: Of several controllers the first may be dead
    Given the datastores name a dead controller and LINSTOR's
    When an image is made
    Then the order has succeeded

  Scenario: All controllers that were tried are named
    Given the datastores name two dead controllers
    When an image is made
    Then the order fails and names both controllers

  Scenario: A controller with https and a token
    Given the controller wants https and a token
    And the datastores name it, its certificate and the token
    When an image is made
    And a VM with that image is deployed on alpha
    Then the order has succeeded
    And nobody was refused

  Scenario Outline: A secret is never shown
    Given the controller wants https and a token
    And the datastores name it, its certificate and <access>
    When an image is made
    Then the order fails and says "<words>"
    And no secret was printed

    Examples:
      | access                           | words                      |
      | an old token                     | Login required             |
      | an old password                  | Login required             |
      | the token, but no certificate    | certificate verify failed  |
      | a token of two lines             | LINSTOR_TOKEN              |

  Scenario: An image names a resource group of its own
    When an image that names the resource group "OpenNebula-Second" is made
    Then the image is in the resource group "OpenNebula-Second"

  Scenario: A VM names a resource group of its own
    Given there is an image "os"
    When a VM that names the resource group "OpenNebula-Second" is deployed with the image "os"
    Then the VM's disk is in the resource group "OpenNebula-Second"
    And the image "os" is in the resource group "OpenNebula-Default"

  Scenario: A resource group that a VM names and nobody has is an error
    Given there is an image "os"
    When a VM that names the resource group "typo" is deployed with the image "os"
    Then the order fails and says "no resource group 'typo'"
    And there is no copy of the image "os"

  Scenario: An attribute of old that has no effect is warned of
    Given the image datastore says LINSTOR_AUTO_PLACE
    When oned monitors the image datastore
    Then the order has succeeded
    And oned's log has a warning that names LINSTOR_AUTO_PLACE and the resource group

  Scenario Outline: What makes no sense is said with the attribute's name
    Given the image datastore says <attribute> wrongly
    When an image is made
    Then the order fails and names <attribute>
    And LINSTOR has no volume

    Examples:
      | attribute         |
      | LINSTOR_TIMEOUT   |
      | LINSTOR_NODE_MAP  |
