"""Where samples come from: class folders of pictures and clips, landmark tables, and files that name several of them."""
