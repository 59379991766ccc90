"""What runs on the far side: a small server and the programs it forks. Standard library only."""
