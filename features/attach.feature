Feature: Disks are attached quickly, over the network where the host has no copy
  Every host of the cluster can use every image; no data moves when a disk is attached.

  Background:
    Given the hosts alpha, beta, gamma and delta, and two replicas for each volume
    And the persistent image "db" with data in it

  Scenario: A host without a local copy uses the image over the network
    When a VM with the image "db" is deployed on a host that holds no replica of it
    Then the VM's disk shows the data of the image "db"
    And the image "db" still has two replicas
    And no data was copied

  Scenario: A host with a replica uses it
    When a VM with the image "db" is deployed on a host that holds a replica of it
    Then the VM's disk shows the data of the image "db"
    And the image "db" is attached nowhere else

  Scenario: An image without a reachable copy is refused instead of shown empty
    Given every host that holds a replica of "db" is down
    When a VM with the image "db" is deployed on a host that holds no replica of it
    Then the order fails and names the image "db"
    And no empty volume was made

  # defect 32
  Scenario: Detaching keeps the witness of the quorum
    Given a VM with the image "db" runs on a host that holds no replica of it
    When the VM is terminated
    Then the image "db" still has its data
    And the image "db" has a witness
    And no host of the VM has a link to it

  # defect 30
  Scenario: A host that is down does not keep a VM from ending
    Given a VM with the image "db" runs on a host that holds no replica of it
    And the host of the VM is down
    When the VM is terminated
    Then the image "db" still has its data
