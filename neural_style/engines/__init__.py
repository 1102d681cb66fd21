"""Many pictures at once: by several processes of this machine, or by Ray on this machine or a cluster."""
