"""Bills that a provider wrote to a file: CUR, FOCUS, and Cost Explorer's answers."""
