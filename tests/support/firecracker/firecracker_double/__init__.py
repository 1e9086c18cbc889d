"""A double of Firecracker and of its jailer, for tests on machines where Firecracker cannot run.

On the outside it behaves like Firecracker v1.14 and newer: command lines, the API on a Unix socket with its checks, its
order of calls, its states and its error bodies. Inside, QEMU boots the real thing that it was given. What becomes of
each part:

    part                          here
    kernel, initrd, boot_args     booted by QEMU (-M microvm, emulated processor)
    drives                        virtio-blk on the given files; rate limiters and io_engine are only checked
    drives PATCH path_on_host     checked and kept; the running guest goes on with the old file
    drives with a vhost socket    only checked; such a machine does not start
    pmem, hotplug/memory          only checked
    network interfaces            virtio-net on the given TAP device; rate limiters and mtu are only checked
    balloon                       virtio-balloon; its size is passed on, its statistics are made up
    entropy                       virtio-rng
    vsock                         its Unix socket is there, and closes each connection as if no guest listened
    mmds                          kept and given back over the API; the guest does not reach it
    cpu-config, cpu_template      only checked
    huge_pages                    checked, with enough free pages of 2 MiB; the guest gets ordinary ones
    snapshots                     QEMU's own state in the memory file; Diff writes all of it, but such a file cannot be
                                  loaded by itself, as in truth (snapshots.py)
    mem_backend Uffd              checked up to the connection with the handler, then refused
    SendCtrlAltDel                QEMU's microvm has no i8042: the machine ends as if the guest's kernel had restarted
                                  at once, which is what Linux does unless its init asked to be told. With
                                  `i8042.nokbd` among the boot arguments nothing happens, as in truth.
    power-off by the guest        ends the process; the real one goes on, for it has no power management. A restart by
                                  the guest ends both.
    logger, metrics               the log's lines for requests, and a few of the metrics
    jailer                        jail_view.py and jailer_main.py

It is stricter than the real one in that a TAP device has to be there already: the real one, run as root without a jail,
makes a missing one, which then has neither an address nor a route.
"""

# The published API description that it follows is this version's.
VERSION = "1.17.0"
