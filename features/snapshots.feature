Feature: Snapshots keep what was there, and are never mixed up
  oned numbers them from 0, and may begin anew with 0. Setting a disk back is only done as a whole.

  Background:
    Given the hosts alpha, beta, gamma and delta, and two replicas for each volume
    And there is a persistent image "db"
    And a VM with the image "db" runs on alpha, on our own system datastore

  Scenario: A running guest stands still while a snapshot of its disk is taken
    When snapshot 0 of the disk is taken
    Then the guest stood still in that moment, and goes on now
    And snapshot 0 holds what the disk had

  Scenario: A snapshot that breaks on a host leaves nothing, and the guest goes on
    Given no snapshot can be made on a host with a replica
    When snapshot 0 of the disk is taken
    Then the order fails and names the disk
    And the guest stood still in that moment, and goes on now
    And the disk has no snapshot

  Scenario: Setting a disk back keeps the younger snapshots
    Given the disk has snapshots 0 and 1, and the guest wrote after each
    When the VM is powered off
    And the disk is set back to snapshot 0
    Then the disk has what snapshot 0 holds
    When the disk is set back to snapshot 1
    Then the disk has what snapshot 1 holds
    And the VM starts with it

  # docs/decisions/0003
  Scenario: A disk goes back to an older snapshot on a LINSTOR that cannot do that itself
    Given LINSTOR is 1.30, which goes back to the newest snapshot only
    And the disk has snapshots 0 and 1, and the guest wrote after each
    When the VM is powered off
    And the disk is set back to snapshot 0
    Then the disk has what snapshot 0 holds
    And the disk has the snapshots 0 and 1
    And the VM starts with it

  Scenario: With ALLOW_ORPHANS=LINEAR the younger snapshots go
    Given the disk has ALLOW_ORPHANS=LINEAR
    And the disk has snapshots 0 and 1, and the guest wrote after each
    When the VM is powered off
    And the disk is set back to snapshot 0
    Then the disk has what snapshot 0 holds
    And the disk has only the snapshots 0

  Scenario: A snapshot is deleted, once and for all
    Given the disk has snapshots 0 and 1, and the guest wrote after each
    When snapshot 0 is deleted
    And snapshot 0 is deleted
    Then the order has succeeded
    And the disk has only the snapshots 1
    And every write the guest was told is safe can be read there

  # linstor.md 2.17 no. 0
  Scenario: A snapshot of an earlier count is replaced, under a name that was never used
    Given the disk has snapshot 0, which oned has forgotten
    And the guest has written since
    When snapshot 0 of the disk is taken
    Then the disk has one snapshot 0, with another name than before
    And snapshot 0 holds what the disk had

  Scenario: The same request again is the snapshot that is there
    When snapshot 0 of the disk is taken
    And the guest writes, and the same snapshot is asked for again
    Then the order has succeeded
    And snapshot 0 holds what the disk had

  Scenario Outline: A replica that is offline is refused, and nothing is changed
    Given the disk has snapshots 0 and 1, and the guest wrote after each
    When the VM is powered off
    And a host with a replica goes offline
    And <order>
    Then the order fails and says "not all of its replicas are connected and up to date"
    And LINSTOR and the hosts are as before

    Examples:
      | order                                |
      | snapshot 2 of the disk is taken      |
      | the disk is set back to snapshot 1   |

  Scenario: A disk in use is not set back
    Given the disk has snapshots 0 and 1, and the guest wrote after each
    When the disk is set back to snapshot 0
    Then the order fails and says "is in use"
    And LINSTOR and the hosts are as before
    And every write the guest was told is safe can be read there

  Scenario Outline: An image keeps the snapshots that its VM took
    Given the disk has snapshots 0 and 1, and the guest wrote after each
    And the VM has ended
    When <order>
    Then the order has succeeded
    And the image has what <data> holds
    And the image has <snapshots>

    Examples:
      | order                                   | data        | snapshots             |
      | snapshot 0 of the image is deleted      | its end     | only the snapshots 1  |
      | the image is set back to snapshot 1     | snapshot 1  | the snapshots 0 and 1 |
      | the image is flattened to snapshot 0    | snapshot 0  | no snapshot           |
