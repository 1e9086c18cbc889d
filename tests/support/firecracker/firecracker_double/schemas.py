"""The bodies of Firecracker's requests (its published API description, src/firecracker/swagger/firecracker.yaml)."""

from __future__ import annotations

from .fields import (
    Field,
    defaulting,
    flag,
    list_of,
    matching,
    needed,
    one_of,
    one_of_any_case,
    optional,
    path,
    struct,
    text,
    whole,
)

_u8, _u16, _u32, _u64 = (whole(bits) for bits in (8, 16, 32, 64))
_mac = matching(r"([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}", "a MAC address")
_ipv4 = matching(r"(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}", "an IPv4 address")
_index = matching(r"0x[0-9A-Fa-f]+|0b[01]+|\d+", "a number as hex, binary or decimal string")

TOKEN_BUCKET = struct({"size": needed(_u64), "one_time_burst": optional(_u64), "refill_time": needed(_u64)})
RATE_LIMITER = struct({"bandwidth": optional(TOKEN_BUCKET), "ops": optional(TOKEN_BUCKET)})

ACTION = struct({"action_type": needed(one_of("FlushMetrics", "InstanceStart", "SendCtrlAltDel"))})

BOOT_SOURCE = struct(
    {"kernel_image_path": needed(path), "initrd_path": optional(path), "boot_args": optional(text)},
)

CPU_TEMPLATE = one_of("C3", "T2", "T2S", "T2CL", "T2A", "V1N1", "None")
HUGE_PAGES = one_of("None", "Transparent", "2M")

# How many processors and how much memory is for the machine's own rules, which have messages of their own.
MACHINE_CONFIG = struct(
    {
        "vcpu_count": needed(_u8),
        "mem_size_mib": needed(_u64),
        "smt": defaulting(flag, False),
        "cpu_template": optional(CPU_TEMPLATE),
        "track_dirty_pages": defaulting(flag, False),
        "huge_pages": defaulting(HUGE_PAGES, "None"),
    },
)
MACHINE_CONFIG_UPDATE = struct(
    {
        "vcpu_count": optional(_u8),
        "mem_size_mib": optional(_u64),
        "smt": optional(flag),
        "cpu_template": optional(CPU_TEMPLATE),
        "track_dirty_pages": optional(flag),
        "huge_pages": optional(HUGE_PAGES),
    },
)


def _bitmap(bits: int) -> Field:
    return needed(matching(rf"0b[01x_]{{1,{2 * bits}}}", f"a bitmap of at most {bits} bits"))


CPU_CONFIG = struct(
    {
        "kvm_capabilities": defaulting(list_of(matching(r"!?\d+", "a number as string")), []),
        "cpuid_modifiers": defaulting(
            list_of(
                struct(
                    {
                        "leaf": needed(_index),
                        "subleaf": needed(_index),
                        "flags": needed(_u32),
                        "modifiers": needed(
                            list_of(
                                struct({"register": needed(one_of("eax", "ebx", "ecx", "edx")), "bitmap": _bitmap(32)}),
                            ),
                        ),
                    },
                ),
            ),
            [],
        ),
        "msr_modifiers": defaulting(list_of(struct({"addr": needed(_index), "bitmap": _bitmap(64)})), []),
    },
)

DRIVE = struct(
    {
        "drive_id": needed(text),
        "partuuid": optional(text),
        "is_root_device": needed(flag),
        "cache_type": defaulting(one_of("Unsafe", "Writeback"), "Unsafe"),
        "is_read_only": optional(flag),
        "path_on_host": optional(path),
        "rate_limiter": optional(RATE_LIMITER),
        "io_engine": optional(one_of("Sync", "Async")),
        "socket": optional(path),
    },
)
DRIVE_UPDATE = struct(
    {"drive_id": needed(text), "path_on_host": optional(path), "rate_limiter": optional(RATE_LIMITER)}
)

PMEM = struct(
    {
        "id": needed(text),
        "path_on_host": needed(path),
        "root_device": defaulting(flag, False),
        "read_only": defaulting(flag, False),
        "rate_limiter": optional(RATE_LIMITER),
    },
)
PMEM_UPDATE = struct({"id": needed(text), "rate_limiter": optional(RATE_LIMITER)})

NETWORK_INTERFACE = struct(
    {
        "iface_id": needed(text),
        "host_dev_name": needed(text),
        "guest_mac": optional(_mac),
        "mtu": optional(whole(16, minimum=68)),
        "rx_rate_limiter": optional(RATE_LIMITER),
        "tx_rate_limiter": optional(RATE_LIMITER),
    },
)
NETWORK_INTERFACE_UPDATE = struct(
    {
        "iface_id": needed(text),
        "rx_rate_limiter": optional(RATE_LIMITER),
        "tx_rate_limiter": optional(RATE_LIMITER),
    },
)

BALLOON = struct(
    {
        "amount_mib": needed(_u32),
        "deflate_on_oom": needed(flag),
        "stats_polling_interval_s": defaulting(_u16, 0),
        "free_page_hinting": defaulting(flag, False),
        "free_page_reporting": defaulting(flag, False),
    },
)
BALLOON_UPDATE = struct({"amount_mib": needed(_u32)})
BALLOON_STATISTICS_UPDATE = struct({"stats_polling_interval_s": needed(_u16)})
BALLOON_HINTING_START = struct({"acknowledge_on_stop": defaulting(flag, True)})

VSOCK = struct(
    {"vsock_id": optional(text), "guest_cid": needed(whole(32, minimum=3)), "uds_path": needed(path)},
)
ENTROPY = struct({"rate_limiter": optional(RATE_LIMITER)})
SERIAL = struct({"serial_out_path": optional(path), "rate_limiter": optional(TOKEN_BUCKET)})

LOGGER = struct(
    {
        "log_path": optional(path),
        "level": optional(one_of_any_case("Error", "Warning", "Warn", "Info", "Debug", "Trace", "Off")),
        "show_level": optional(flag),
        "show_log_origin": optional(flag),
        "module": optional(text),
    },
)
METRICS = struct({"metrics_path": needed(path)})

MMDS_CONFIG = struct(
    {
        "version": defaulting(one_of("V1", "V2"), "V1"),
        "network_interfaces": needed(list_of(text)),
        "ipv4_address": optional(_ipv4),
        "imds_compat": defaulting(flag, False),
    },
)

HOTPLUG_MEMORY = struct(
    {
        "total_size_mib": needed(_u64),
        "slot_size_mib": defaulting(_u64, 128),
        "block_size_mib": defaulting(_u64, 2),
    },
)
HOTPLUG_MEMORY_UPDATE = struct({"requested_size_mib": needed(_u64)})

VM = struct({"state": needed(one_of("Paused", "Resumed"))})

SNAPSHOT_CREATE = struct(
    {
        "snapshot_type": defaulting(one_of("Full", "Diff"), "Full"),
        "snapshot_path": needed(path),
        "mem_file_path": needed(path),
    },
)
MEMORY_BACKEND = struct({"backend_path": needed(path), "backend_type": needed(one_of("File", "Uffd"))})
SNAPSHOT_LOAD = struct(
    {
        "snapshot_path": needed(path),
        "mem_file_path": optional(path),
        "mem_backend": optional(MEMORY_BACKEND),
        "enable_diff_snapshots": defaulting(flag, False),
        "track_dirty_pages": defaulting(flag, False),
        "resume_vm": defaulting(flag, False),
        "network_overrides": defaulting(
            list_of(struct({"iface_id": needed(text), "host_dev_name": needed(text)})),
            [],
        ),
        "vsock_override": optional(struct({"uds_path": needed(path)})),
        "clock_realtime": defaulting(flag, False),
    },
)
