"""A worker that scales until somebody kills it. `killed_scaler.py BINDING TO`"""

import sys

from tests.unit.engine.runs.commands.test_command import FakeTurn

from toban.chapters.capacity.scalers.autoscaling.config import AutoScalingGroup
from toban.chapters.capacity.scalers.autoscaling.scaler import AutoScalingScaler

if __name__ == "__main__":
    AutoScalingScaler(AutoScalingGroup.model_validate_json(sys.argv[1]), look=0.05).resize(
        int(sys.argv[2]), FakeTurn()
    )
