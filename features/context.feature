Feature: The context is a plain file
  Context disks are made by OpenNebula's own ssh driver and never become volumes.

  Scenario: A context on a linstor system datastore falls back to tm/ssh
    Given the hosts alpha and beta
    When oned asks for the context of a VM on alpha
    Then tm/ssh/context is called with the same arguments
    And LINSTOR has no volume for it

  # defect 41
  Scenario: The context follows a live migration on a directory that is not shared
    Given the image "os" with data in it
    And a VM with a context runs on alpha, on a linstor system datastore
    When the VM migrates live to beta
    Then beta has the context file
    And alpha has no directory of the VM

  # defect 2
  Scenario: A directory on a shared file system is left alone
    Given the image "os" with data in it
    And a VM with a context runs on alpha, on a linstor system datastore whose directory is shared
    When the VM migrates live to beta
    Then beta has the context file
    And the directory of the VM still has its links
