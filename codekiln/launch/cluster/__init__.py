"""Jobs on a Kubernetes cluster: created or adopted, monitored until they end, and explained when they fail."""
