"""Root filesystem images for guests: built with debootstrap and npm, kept as one ext4 file each."""
