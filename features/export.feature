Feature: An image can be given to a marketplace
  `onemarketapp create --image` takes the file that the driver makes, and removes it.

  Background:
    Given the hosts alpha, beta, gamma and delta, and two replicas for each volume
    And the front-end keeps temporary files in the directory "staging"
    And the image "os" with data in it

  # defect 19
  Scenario: The marketplace gets every byte of the image
    When the image "os" is exported
    Then the marketplace finds a raw file with the bytes, the size and the MD5 of the image "os"
    And nothing is left in "staging" once the marketplace has disposed of it

  Scenario: A replica that is not up to date is not read
    Given the first replica of the image "os" has lost its disk
    When the image "os" is exported
    Then the marketplace finds a raw file with the bytes, the size and the MD5 of the image "os"

  # defect 21
  Scenario: An image without a reachable copy is not exported
    Given every replica of the image "os" has lost its disk
    When the image "os" is exported
    Then the order fails and names the image "os"
    And nothing is left in "staging"

  Scenario: An image that a VM writes to is not exported
    Given the persistent image "db" with data in it
    And a VM with the image "db" runs on a host that holds no replica of it
    When the image "db" is exported
    Then the order fails and names the image "db"
    And nothing is left in "staging"

  Scenario: A reader that breaks in the middle leaves nothing
    Given the hosts cannot read devices to their end
    When the image "os" is exported
    Then the order fails
    And nothing is left in "staging"

  # defect 20
  Scenario: A directory that a marketplace's shell would misread is refused
    Given the front-end keeps temporary files in the directory "a b;c"
    When the image "os" is exported
    Then the order fails and names STAGING_DIR
    And nothing is left in "a b;c"
