#!/bin/sh
# The first process of the test's virtual machine: the kernel has the drivers of the virtual network card as modules, which
# Firecracker's kernels have built in. From there on the guest agent is PID 1.
for module in virtio_ring virtio virtio_mmio failover net_failover virtio_net; do
  insmod "/lib/modules/$module.ko"
done
exec /sbin/fc-agent
