"""Supervised fine-tuning and direct preference optimisation of LoRA adapters; nothing here loads torch on import."""

import logging

# DeepSpeed, which is imported with TRL, tells everybody which accelerator it has chosen.
logging.getLogger("DeepSpeed").addFilter(
    lambda record: not record.getMessage().startswith(("Setting accelerator to", "Setting ds_accelerator to"))
)
