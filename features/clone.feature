Feature: Non-persistent images are cloned in a moment
  A disk gets a private copy of its image that LINSTOR makes by itself.

  Background:
    Given the hosts alpha, beta, gamma and delta, and two replicas for each volume
    And the image "os" with data in it

  Scenario: A disk starts as the image and goes its own way
    When a VM with the image "os" is deployed on alpha
    And the guest writes to its disk
    Then the image "os" still has its data
    And the guest reads what it wrote

  # defect 12
  Scenario: A disk larger than its image is grown before the VM starts
    When a VM with the image "os" and a disk of 128 MiB is deployed on alpha
    Then the VM's disk has at least 128 MiB
    And the VM's disk shows the data of the image "os"

  Scenario: A retry after a kill goes on with the copy that is there
    Given the clone for a VM with the image "os" was killed after the copy was made
    When the clone runs again
    Then the VM's disk shows the data of the image "os"
    And there is one copy of the image "os"

  Scenario: A disk that is created anew does not boot the copy of its earlier life
    Given a VM with the image "os" was deployed on alpha and its guest wrote to its disk
    And the VM was recreated, and the deletion of its disk failed
    When the VM is deployed again on beta
    Then the VM's disk shows the data of the image "os"

  Scenario: A copy that breaks on a host is made once more
    Given the next copy breaks on one of its hosts
    When a VM with the image "os" is deployed on alpha
    Then the VM's disk shows the data of the image "os"
    And there is one copy of the image "os"
    And the broken copy was removed

  # defect 11
  Scenario: A copy that breaks again and again is no disk
    Given every copy breaks on one of its hosts
    When a VM with the image "os" is deployed on alpha
    Then the order fails and names the image "os"
    And there is no copy of the image "os"

  Scenario: A copy that LINSTOR cannot make is no disk
    Given LINSTOR cannot make the next copy
    When a VM with the image "os" is deployed on alpha
    Then the order fails and names the image "os"
    And there is no copy of the image "os"

  # defect 28
  Scenario: What fails leaves nothing behind
    Given alpha cannot be reached by ssh
    When a VM with the image "os" is deployed on alpha
    Then the order fails and names the host alpha
    And there is no copy of the image "os"
