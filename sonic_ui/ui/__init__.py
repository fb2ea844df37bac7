"""The page: Gradio lives in this room and nowhere else."""
