"""All planted faults."""

from __future__ import annotations

from tests.e2e.doctor.faults_front_end import FRONT_END
from tests.e2e.doctor.faults_hosts import HOSTS
from tests.e2e.doctor.faults_linstor import LINSTOR_FAULTS
from tests.e2e.doctor.faults_oned import ONED
from tests.e2e.doctor.faults_oned_conf import CONFIGURATION

FAULTS = (*FRONT_END, *CONFIGURATION, *ONED, *LINSTOR_FAULTS, *HOSTS)
