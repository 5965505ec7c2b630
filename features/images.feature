Feature: Images are made completely or not at all
  oned never cleans up after a failed image, so the driver does.

  Background:
    Given the hosts alpha, beta, gamma and delta, and two replicas for each volume

  Scenario: A file becomes an image
    When an image is made from a file of 10 MiB below SAFE_DIRS
    Then every replica of the image holds the file's bytes

  # defect 15
  Scenario: A file outside SAFE_DIRS is refused before anything is made
    When an image is made from a file outside SAFE_DIRS
    Then the order fails and names the file
    And LINSTOR has no volume

  # defect 16
  Scenario: A link that leads out of SAFE_DIRS is refused
    When an image is made from a link below SAFE_DIRS to a file outside
    Then the order fails and names the link
    And LINSTOR has no volume

  # defect 28
  Scenario: A download that breaks leaves nothing
    When an image is made from a source that breaks in the middle
    Then the order fails and names the source
    And LINSTOR has no volume

  # defect 23
  Scenario: A datastore with an unknown resource group says so
    Given the datastore names the resource group "typo"
    When an image is made from a file of 10 MiB below SAFE_DIRS
    Then the order fails and names the resource group "typo"

  Scenario: No space is said with the name of the image
    When an image of 536870912 MiB is made
    Then the order fails and names the image
    And LINSTOR has no volume

  # defects 25 and 26
  Scenario: An image is deleted with its snapshots, and deleting it again is fine
    Given an image with a snapshot
    When the image is deleted twice
    Then LINSTOR has no volume
