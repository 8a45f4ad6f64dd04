"""The fast Trainer: ``trainer.build(task, spec)``."""
