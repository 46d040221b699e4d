"""The names of what a cluster costs and no namespace owns."""

UNALLOCATED = "__unallocated__"
IDLE = "__idle__"
SHARED = "__shared__"
CONTROL_PLANE = "__control_plane__"
LOAD_BALANCERS = "__load_balancers__"
NETWORK = "__network__"
RESERVED = "__unused_reservations__"
