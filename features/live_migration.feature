Feature: A VM keeps running when it moves, on an ssh system datastore, too
  The target gets the disks over the network. Two hosts may write for the seconds of the migration, and no longer.

  Background:
    Given the hosts alpha, beta, gamma and delta, and two replicas for each volume
    And the persistent image "db" with data in it
    And a VM with the image "db" runs on a host that holds a replica of it

  Scenario: A VM moves to a host without a local copy
    When the VM migrates live to a host that holds no replica
    Then the new host uses the image over the network
    And every write the guest was told is safe can be read there
    And no two hosts may write to the image "db" any more
    And the old host has no link to the image "db"

  Scenario: A VM moves between two hosts of which neither has a copy
    Given the VM runs on a host that holds no replica
    When the VM migrates live to another host that holds no replica
    Then every write the guest was told is safe can be read there
    And no two hosts may write to the image "db" any more

  Scenario: Only the two hosts of the migration may write
    When the VM's disks are prepared for a live migration to a host that holds no replica
    Then a third host cannot open the image "db" for writing

  # defect 40
  Scenario: A migration that fails leaves the VM where it was
    Given the VM was deployed on our own system datastore instead
    When the migration of the VM fails in the hypervisor
    Then every write the guest was told is safe can be read there
    And no two hosts may write to the image "db" any more
    And the target host does not have the image "db" attached

  # defect 42
  Scenario: A migration that nobody ended is ended by the next order about the disk
    Given the VM's disks were prepared for a live migration to a host that holds no replica
    And the hypervisor failed, and nobody told the driver
    When the VM is terminated
    Then no two hosts may write to the image "db" any more
    And the image "db" still has its data

  Scenario: The permission to write is not taken away while both hosts write
    Given the VM was deployed on our own system datastore instead
    And the VM's disks were prepared for a live migration to a host that holds no replica
    And both hosts have the image "db" open for writing
    When the driver is told that the migration is over
    Then the order fails and names the image "db"
    And when the old host has closed the disk, telling the driver again ends the migration

  # defect 9
  Scenario: A host that cannot get all disks gets none
    Given the VM was deployed on our own system datastore instead
    And a second disk of the VM has no reachable copy
    When the VM's disks are prepared for a live migration to a host that holds no replica
    Then the order fails and names the second disk
    And no two hosts may write to the image "db" any more
    And the target host does not have the image "db" attached

  Scenario: A VM that changes its system datastore leaves nothing in the old one
    Given the VM was deployed on our own system datastore instead
    When the VM migrates live to another system datastore of its host
    Then every write the guest was told is safe can be read there
    And the old system datastore has nothing of the VM
