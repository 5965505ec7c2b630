Feature: Persistent images and CD-ROMs survive whatever happens to their VMs
  oned calls delete for every disk when a VM is deleted by force; only what belongs to the disk alone is destroyed.

  Background:
    Given the hosts alpha, beta, gamma and delta, and two replicas for each volume
    And the persistent image "db" with data in it
    And the CD-ROM image "cd" with data in it

  Scenario: recover --delete leaves a persistent image alone
    Given a VM with the image "db" runs on a host that holds no replica of it
    When the VM is deleted by force
    Then the image "db" still has its data
    And the image "db" is attached nowhere else

  Scenario: recover --delete leaves a CD-ROM alone
    Given a VM with the image "cd" runs on alpha
    When the VM is deleted by force
    Then the image "cd" still has its data

  # defect 13
  Scenario: A CD-ROM stays attached while another VM of the host uses it
    Given a VM with the image "cd" runs on alpha
    And a second VM with the image "cd" runs on alpha
    When the first VM is terminated
    Then the second VM still reads the data of the image "cd"

  Scenario: A volume that names another disk is never destroyed
    Given the image "os" with data in it
    And a VM with the image "os" runs on alpha, and the marks of its volume name another VM
    When the VM is deleted by force
    Then the order fails and the volume is still there
