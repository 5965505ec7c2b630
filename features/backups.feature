Feature: What a VM has on its disks is kept outside of LINSTOR, and comes back
  `onevm backup` saves all disks of a VM in one moment, as files that the backup datastore takes from its host.
  `onevm restore` writes them back, completely or not at all.

  Background:
    Given the hosts alpha, beta, gamma and delta, and two replicas for each volume
    And there is an image "os"
    And there is a persistent image "db"
    And a VM with the images "os" and "db" runs on alpha, on our own system datastore

  Scenario Outline: A running VM is saved in one moment
    When the VM is backed up with FS_FREEZE=<how>
    Then the guest stood still for the snapshot of each disk, and goes on now
    And the files show what the disks had
    And nothing of the backup is left in LINSTOR and on the host

    Examples:
      | how     |
      | AGENT   |
      | SUSPEND |
      | NONE    |

  Scenario: A VM that is powered off is saved
    When the VM is powered off
    And the VM that does not run is backed up
    Then the files show what the disks had
    And nothing of the backup is left in LINSTOR and on the host

  Scenario: An increment has what changed
    Given the VM has the first backup of a chain, and the guest has written since
    When the next increment is made
    Then the increment on top of the first backup shows what the disks had
    And the increment is smaller than the first backup

  Scenario: A chain whose base is lost is begun anew by the user
    Given the VM has the first backup of a chain, and the guest has written since
    And the snapshots of that backup are gone
    When the next increment is made
    Then the order fails and says "onevm backup --reset"
    And no file is left on the host
    And every write the guest was told is safe can be read there

  Scenario: A CD-ROM is left out
    Given the second disk is a CD-ROM
    When the VM is backed up with FS_FREEZE=AGENT
    Then there is no file of the second disk

  Scenario: BACKUP_BASE_PATH takes the files
    Given BACKUP_BASE_PATH is set
    When the VM is backed up with FS_FREEZE=AGENT
    Then the files show what the disks had
    And nothing of the backup is left in LINSTOR and on the host

  Scenario: All disks are as they were
    Given the VM was backed up and has written since, and is powered off
    When the VM is restored
    Then the disks have what the backup has

  Scenario: A file that is lost leaves all disks as they are
    Given the VM was backed up and has written since, and is powered off
    When the VM is restored, and the file of the second disk is lost
    Then the order fails and says "cannot be read"
    And the disks have what they had before
    And nothing of the backup is left in LINSTOR and on the host

  Scenario: A disk that cannot be written over has its data
    Given the VM was backed up and has written since, and is powered off
    And somebody has the second disk open
    When the VM is restored
    Then the order fails and says "in use"
    And the second disk has what it had before
