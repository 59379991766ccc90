# {"problem": "listed", "expect": "notpass"}
import ipaddress
def f(x): return ipaddress.ip_network('0.0.0.0/0')
